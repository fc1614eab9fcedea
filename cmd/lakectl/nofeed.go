package main

import "sync"

// noSource is the source of a run that publishes nothing: somebody else fills the topic.
const noSource = "none"

// noFeed is the feed of such a run: it goes on until it is stopped.
func noFeed() *feed {
	f := &feed{name: noSource, done: make(chan struct{})}
	f.cancel = sync.OnceFunc(func() { close(f.done) })
	return f
}
