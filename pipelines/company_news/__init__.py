"""Hand-written headlines of what befalls companies: a training set for the sentiment toward each company named."""
