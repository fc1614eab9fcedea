package chaos_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// kafkaWire is a proxy before a Kafka that knows a little of its protocol. A frame begins with its length, four bytes;
// in a request follow the key of what is asked for, two, its version, two, and its number, four, which its response
// begins with (kafka.apache.org/protocol).
type kafkaWire struct {
	*proxy
	mu   sync.Mutex
	next *trap // for the next batch; nil lets it pass
}

// A fault that happens to a batch of the producer's.
type fault string

const (
	unsent fault = "killed before the broker has it"
	held   fault = "killed between send and ack" // the broker has written it, and its answer is held back
	lost   fault = "ack lost"                    // the same, and the connection is cut
	resent fault = "batch resent"                // the broker gets the very same bytes twice
)

// trap is a fault that waits for a batch.
type trap struct {
	fault  fault
	sprung chan struct{} // closed when it has happened

	batch  []byte // the request
	answer []byte // the first one
	copied int16  // Kafka's error code for the batch's second copy
}

// produceKey is the key of a request that brings batches.
const produceKey = 0

func newKafkaWire(t *testing.T, front, behind string) *kafkaWire {
	t.Helper()
	w := &kafkaWire{}
	w.proxy = newProxy(t, front, behind, w.relay)
	return w
}

// set sets a trap for the next batch.
func (w *kafkaWire) set(f fault) *trap {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = &trap{fault: f, sprung: make(chan struct{})}
	return w.next
}

func (w *kafkaWire) take() *trap {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.next
	w.next = nil
	return t
}

// trapped are the batches on one connection whose answers a fault waits for, by the number of the request.
type trapped struct {
	mu sync.Mutex
	by map[[4]byte]*trap
}

func (w *kafkaWire) relay(client, server net.Conn) {
	caught := &trapped{by: map[[4]byte]*trap{}}
	both(client, server, func() { w.requests(client, server, caught) }, func() { responses(client, server, caught) })
}

func (w *kafkaWire) requests(client, server net.Conn, caught *trapped) {
	for {
		frame, err := readFrame(client)
		if err != nil {
			return
		}
		if binary.BigEndian.Uint16(frame[4:]) == produceKey {
			if t := w.take(); t != nil {
				t.batch = frame
				if t.fault == unsent {
					close(t.sprung)
					continue
				}
				caught.mu.Lock()
				caught.by[[4]byte(frame[8:])] = t
				caught.mu.Unlock()
			}
		}
		if _, err := server.Write(frame); err != nil {
			return
		}
	}
}

func responses(client, server net.Conn, caught *trapped) {
	for {
		frame, err := readFrame(server)
		if err != nil {
			return
		}
		caught.mu.Lock()
		t := caught.by[[4]byte(frame[4:])]
		caught.mu.Unlock()
		if t != nil {
			if frame = t.spring(server, frame); t.fault == lost {
				return
			}
		}
		if _, err := client.Write(frame); err != nil {
			return
		}
	}
}

// spring makes the fault out of an answer, and returns what the producer is told instead.
func (t *trap) spring(server net.Conn, frame []byte) []byte {
	switch {
	case t.fault == resent && t.answer == nil:
		t.answer = frame
		_, _ = server.Write(t.batch)
		return nil
	case t.fault == resent:
		t.copied = t.errorCode(frame)
		frame = t.answer
	default:
		frame = nil
	}
	close(t.sprung)
	return frame
}

// errorCode is the one of the only partition in the answer to a batch: behind the answer's length and number the name
// of the topic and the number of the partition. From version 9 on there are tags, and lengths are one byte.
func (t *trap) errorCode(frame []byte) int16 {
	at := bytes.Index(frame, []byte(topic)) + len(topic)
	if version := binary.BigEndian.Uint16(t.batch[6:]); version < 9 {
		at += 4
	} else {
		at++
	}
	return int16(binary.BigEndian.Uint16(frame[at+4:]))
}

// readFrame reads a frame with its length.
func readFrame(conn net.Conn) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(size[:]))
	copy(frame, size[:])
	_, err := io.ReadFull(conn, frame[4:])
	return frame, err
}
