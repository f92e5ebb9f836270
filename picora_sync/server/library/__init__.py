"""What an account holds: documents, images, audio; rows and bytes kept together."""
