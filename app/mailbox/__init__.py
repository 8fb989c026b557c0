"""The development mailbox: takes every mail on loopback and shows it on a page. Never for production."""
