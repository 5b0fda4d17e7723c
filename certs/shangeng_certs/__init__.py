"""Standards, certificates and mark licences: who may show the mark, for which product, until when."""
