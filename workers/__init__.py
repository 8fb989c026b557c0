"""The second door: jobs, thin as resolvers."""
