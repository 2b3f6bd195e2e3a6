"""watcher: alerts about TikTok Shop products that take off, from rules that you write."""

__version__ = "0.1.0"
