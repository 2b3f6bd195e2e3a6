"""Three daemons and six books on one server, and all that may befall them."""
