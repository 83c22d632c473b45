"""The doors: one HTTP Cloud Function a resource, one event door a queue. Parse, call one service, answer."""
