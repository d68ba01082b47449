"""A streaming monitor of financial sentiment: from scraped news to alerts that analysts can trust."""
