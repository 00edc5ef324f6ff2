"""Tables of annotations in, statements about judges and models out."""
