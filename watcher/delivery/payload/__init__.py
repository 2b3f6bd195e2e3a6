"""Messages for programs: the JSON document that a channel with ``payload: json`` posts."""
