"""Databases and rule files of older versions, as these left them: see docs/releasing.md."""
