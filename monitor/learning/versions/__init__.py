"""Model versions: their nouns, their files, their aliases."""
