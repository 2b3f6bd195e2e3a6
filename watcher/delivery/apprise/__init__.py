"""The adapter to Apprise: one try at one target, a typed outcome; its only user.

``private`` alone names private parts of Apprise and of smtplib.
"""
