"""Reports: what they tell, and when."""
