"""Reports: what became of the products of some lists, at fixed times."""
