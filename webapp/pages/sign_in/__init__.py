"""The sign-in page, and the routes that sign in and out."""
