"""The first door: GraphQL over HTTP, WebSocket and SSE, health, and pages of our own."""
