"""Assignments on the book's chapters in every language, and the commands that hand them out, collect and grade them."""
