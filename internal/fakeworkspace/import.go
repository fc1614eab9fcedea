package fakeworkspace

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

// maxImport is the most that workspace/import takes, in bytes.
const maxImport = 10 << 20

// importNode takes JSON with the content in base64, or a form with it as it is.
func (w *Workspace) importNode(c *call) (any, *Error) {
	request, content, failed := imported(c)
	if failed != nil {
		return nil, failed
	}
	if len(content) > maxImport {
		return nil, refusal(http.StatusBadRequest, "MAX_NOTEBOOK_SIZE_EXCEEDED", "File size imported is (%d bytes), exceeded max size (%d bytes)", len(content), maxImport)
	}
	at, failed := clean(request.Path)
	if failed != nil {
		return nil, failed
	}
	_, failed = w.put(at, request, content)
	return nil, failed
}

func imported(c *call) (request workspace.Import, content []byte, failed *Error) {
	if strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data") {
		return importedForm(c)
	}
	if _, request, failed = read[workspace.Import](c); failed != nil {
		return request, nil, failed
	}
	content, err := base64.StdEncoding.DecodeString(request.Content)
	if err != nil {
		return request, nil, invalid("content is not base64: %s", err)
	}
	return request, content, nil
}

func importedForm(c *call) (request workspace.Import, content []byte, failed *Error) {
	c.Body = io.NopCloser(strings.NewReader(string(c.body)))
	if err := c.ParseMultipartForm(maxBody); err != nil {
		return request, nil, malformed("Could not parse form: %s", err)
	}
	for name, values := range c.MultipartForm.Value {
		value, err := values[0], error(nil)
		switch name {
		case "path":
			request.Path = value
		case "format":
			err = request.Format.Set(value)
		case "language":
			err = request.Language.Set(value)
		case "overwrite":
			request.Overwrite = value == "true"
		case "content":
			content = []byte(value)
		default:
			err = fmt.Errorf("unknown field")
		}
		if err != nil {
			return request, nil, invalid("%s: %s", name, err)
		}
	}
	file, _, err := c.FormFile("content")
	if err == nil {
		defer file.Close()
		if content, err = io.ReadAll(file); err != nil {
			return request, nil, malformed("Could not read content: %s", err)
		}
	}
	return request, content, nil
}

// put makes or replaces a notebook or file.
func (w *Workspace) put(at string, request workspace.Import, content []byte) (*node, *Error) {
	n := &node{kind: workspace.ObjectTypeFile, content: content, created: w.millis(), modified: w.millis()}
	switch request.Format {
	case "", workspace.ImportFormatSource:
		if request.Language == "" {
			return nil, invalid("The language must be set for imports of format SOURCE")
		}
		n.kind, n.language = workspace.ObjectTypeNotebook, request.Language
	case workspace.ImportFormatAuto:
		if language, ok := notebookLanguage(at, content); ok {
			n.kind, n.language = workspace.ObjectTypeNotebook, language
			at = strings.TrimSuffix(at, path.Ext(at))
		}
	case workspace.ImportFormatRaw:
	default:
		return nil, invalid("The format %s is not one that this fake knows", request.Format)
	}
	return n, w.place(at, n, request.Overwrite)
}

func (w *Workspace) place(at string, n *node, overwrite bool) *Error {
	if parent := w.nodes[path.Dir(at)]; parent == nil || parent.kind != workspace.ObjectTypeDirectory {
		return refusal(http.StatusNotFound, "NOT_FOUND", "The parent folder (%s) does not exist.", path.Dir(at))
	}
	old := w.nodes[at]
	switch {
	case old == nil:
		n.id = w.id()
	case !overwrite:
		return exists("Path (%s) already exists.", at)
	case old.kind != n.kind:
		return invalid("Cannot overwrite the asset at %s due to type mismatch (asked: %s, actual: %s)", at, n.kind, old.kind)
	default:
		n.id, n.created = old.id, old.created
	}
	w.nodes[at] = n
	return nil
}

// headers are the first lines that make a source file a notebook.
var headers = map[string]struct {
	language workspace.Language
	line     string
}{
	".py":    {workspace.LanguagePython, "# Databricks notebook source"},
	".sql":   {workspace.LanguageSql, "-- Databricks notebook source"},
	".scala": {workspace.LanguageScala, "// Databricks notebook source"},
	".r":     {workspace.LanguageR, "# Databricks notebook source"},
}

func notebookLanguage(at string, content []byte) (workspace.Language, bool) {
	header, ok := headers[strings.ToLower(path.Ext(at))]
	first, _, _ := strings.Cut(string(content), "\n")
	return header.language, ok && strings.TrimRight(first, "\r ") == header.line
}

// importFile is what the Databricks CLI writes files with, and makes its locks with: without overwrite it is
// atomic.
func (w *Workspace) importFile(c *call) (any, *Error) {
	at, failed := clean("/" + strings.TrimPrefix(c.PathValue("path"), "/"))
	if failed != nil {
		return nil, failed
	}
	_, failed = w.put(at, workspace.Import{Format: workspace.ImportFormatAuto, Overwrite: c.flag("overwrite")}, c.body)
	if failed != nil && failed.Code == "RESOURCE_ALREADY_EXISTS" {
		return nil, refusal(http.StatusConflict, "ALREADY_EXISTS", "Node with name %s already exists. Please pass overwrite=true to update it.", at)
	}
	return nil, failed
}
