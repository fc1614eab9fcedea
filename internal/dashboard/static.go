package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// pages are the embedded files by their path below static.
var pages = loadPages()

// page is one file, compressed once.
type page struct {
	plain, zipped []byte
	kind, tag     string
}

func loadPages() map[string]page {
	all := map[string]page{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := static.ReadFile(name)
		all[strings.TrimPrefix(name, "static/")] = newPage(name, text)
		return err
	})
	if err != nil { // it is in the binary
		panic(err)
	}
	return all
}

func newPage(name string, text []byte) page {
	var zipped bytes.Buffer
	z, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	_, _ = z.Write(text)
	_ = z.Close()
	sum := sha256.Sum256(text)
	kind := map[string]string{".js": "text/javascript; charset=utf-8", ".md": "text/plain; charset=utf-8", "": "text/plain; charset=utf-8"}[path.Ext(name)]
	if kind == "" {
		kind = mime.TypeByExtension(path.Ext(name))
	}
	return page{plain: text, zipped: zipped.Bytes(), kind: kind, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// ServeHTTP answers with the file, or that the browser has it already.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.kind)
	h.Set("Cache-Control", "no-cache") // asks each time: a newer lakectl has another page
	h.Set("ETag", p.tag)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == p.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	text := p.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		text = p.zipped
	}
	_, _ = w.Write(text) // whoever asked may be gone
}
