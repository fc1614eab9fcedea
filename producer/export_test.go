package producer

// Impatient makes sessions end after three retries of sarama's, so that a test sees one follow another.
func Impatient(opts PublisherOptions) PublisherOptions {
	opts.retries = 3
	return opts
}
