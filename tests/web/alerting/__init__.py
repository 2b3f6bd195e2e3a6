"""Alerts on the page: searched, acted on, and one by one."""
