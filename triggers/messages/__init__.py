"""What a touch says: templates, the goods they show, and the arithmetic of SMS."""
