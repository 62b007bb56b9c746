"""The book to take away: a PDF and an EPUB in each language, and the site in an archive. All are made from the site."""
