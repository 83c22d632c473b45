"""Who speaks each quotation: the cast of a text, what the words around a quotation tell, and the choice among candidates."""
