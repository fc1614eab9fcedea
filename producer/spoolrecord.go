package producer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"time"
)

// A record of the spool, little endian:
//
//	length    uint32  bytes of the body
//	checksum  uint32  CRC-32C of sequence and body
//	sequence  uint64  1, 2, 3 … over all segments
//	body      taken int64 (ns since 1970), timestamp int64 (ms; minNoTime for none),
//	          key and value (uint32 length, noBytes for nil, then the bytes),
//	          headers (uint32 count, then each one's name and value like key and value)
//
// A body has one encoding only, so that what is read is what was written or nothing.
const (
	recordHeader = 16
	noBytes      = math.MaxUint32
	noTime       = math.MinInt64

	// maxRecord bounds what a damaged length can ask for. The publisher takes no larger message.
	maxRecord = windowBytes
)

// errTorn says that a segment ends within a record, or that its bytes are not what was written.
var errTorn = errors.New("the record is cut off or damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encodeRecord leaves the header empty: see seal.
func encodeRecord(m Message, taken time.Time) []byte {
	size := recordHeader + 28 + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		size += 8 + len(h.Key) + len(h.Value)
	}
	record := make([]byte, recordHeader, size)
	record = binary.LittleEndian.AppendUint64(record, uint64(taken.UnixNano()))
	timestamp := int64(noTime)
	if !m.Timestamp.IsZero() {
		timestamp = m.Timestamp.UnixMilli()
	}
	record = binary.LittleEndian.AppendUint64(record, uint64(timestamp))
	record = appendBytes(record, m.Key)
	record = appendBytes(record, m.Value)
	record = binary.LittleEndian.AppendUint32(record, uint32(len(m.Headers)))
	for _, h := range m.Headers {
		record = appendBytes(record, []byte(h.Key))
		record = appendBytes(record, h.Value)
	}
	return record
}

func appendBytes(to, content []byte) []byte {
	if content == nil {
		return binary.LittleEndian.AppendUint32(to, noBytes)
	}
	return append(binary.LittleEndian.AppendUint32(to, uint32(len(content))), content...)
}

// seal fills in the header.
func seal(record []byte, sequence uint64) {
	binary.LittleEndian.PutUint32(record, uint32(len(record)-recordHeader))
	binary.LittleEndian.PutUint64(record[8:], sequence)
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(record[8:], castagnoli))
}

// readRecord reads the record of a sequence number, of at most limit bytes. io.EOF is a segment's
// orderly end, errTorn any other.
func readRecord(from *bufio.Reader, sequence uint64, limit int64) (Message, int64, error) {
	var header [recordHeader]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return Message{}, 0, torn(err)
	}
	length := int64(binary.LittleEndian.Uint32(header[:]))
	if length > min(limit, maxRecord)-recordHeader || binary.LittleEndian.Uint64(header[8:]) != sequence {
		return Message{}, 0, errTorn
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(from, body); errors.Is(err, io.EOF) {
		return Message{}, 0, errTorn
	} else if err != nil {
		return Message{}, 0, torn(err)
	}
	sum := crc32.Update(crc32.Checksum(header[8:], castagnoli), castagnoli, body)
	if sum != binary.LittleEndian.Uint32(header[4:]) {
		return Message{}, 0, errTorn
	}
	m, err := decodeBody(body)
	m.spooled = sequence
	return m, recordHeader + length, err
}

// torn tells an end within a record from a disk that can't be read.
func torn(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

func decodeBody(body []byte) (Message, error) {
	b := &bodyReader{rest: body}
	taken, timestamp := b.int64(), b.int64()
	m := Message{taken: time.Unix(0, taken), Key: b.bytes(), Value: b.bytes()}
	if timestamp != noTime {
		m.Timestamp = time.UnixMilli(timestamp)
	}
	headers := b.uint32()
	if int64(headers)*8 > int64(len(b.rest)) { // each takes 8 bytes at least
		return Message{}, errTorn
	}
	for range headers {
		name, value := b.bytes(), b.bytes()
		b.wrong = b.wrong || name == nil
		m.Headers = append(m.Headers, Header{Key: string(name), Value: value})
	}
	if b.wrong || len(b.rest) > 0 {
		return Message{}, errTorn
	}
	return m, nil
}

// bodyReader takes a body apart; wrong says that it had too few bytes.
type bodyReader struct {
	rest  []byte
	wrong bool
}

func (b *bodyReader) take(n uint32) []byte {
	if b.wrong || uint64(n) > uint64(len(b.rest)) {
		b.wrong = true
		return nil
	}
	taken := b.rest[:n:n]
	b.rest = b.rest[n:]
	return taken
}

func (b *bodyReader) uint32() uint32 {
	if text := b.take(4); text != nil {
		return binary.LittleEndian.Uint32(text)
	}
	return 0
}

func (b *bodyReader) int64() int64 {
	if text := b.take(8); text != nil {
		return int64(binary.LittleEndian.Uint64(text))
	}
	return 0
}

func (b *bodyReader) bytes() []byte {
	n := b.uint32()
	if n == noBytes {
		return nil
	}
	return b.take(n)
}
