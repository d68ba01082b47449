"""The push endpoint: what programs post, taken or refused."""
