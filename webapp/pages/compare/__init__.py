"""The Compare page: its sections, tables, figures and upload, and the page as one HTML file."""
