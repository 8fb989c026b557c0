"""Mails: what is written to whom, in the reader's language and zone. Values in, a message out; no storage."""
