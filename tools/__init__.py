"""Scripts for those who carry on."""
