"""Delivers what others have rendered: to chats, mail, webhooks and files, once; and comments on pull requests."""
