"""The shape of the API: types, inputs, payloads, errors. Knows domain/ and nothing else of ours."""
