package fakeworkspace

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

// maxImport is the most that workspace/import takes, in bytes.
const maxImport = 10 << 20

// node is a folder, notebook or file of the tree.
type node struct {
	id                int64
	kind              workspace.ObjectType
	language          workspace.Language // of a notebook
	content           []byte
	created, modified int64 // ms
	resource          string
}

func (w *Workspace) treeRoutes() {
	w.handle("POST /api/2.0/workspace/mkdirs", w.mkdirs)
	w.handle("POST /api/2.0/workspace/import", w.importNode)
	w.handle("GET /api/2.0/workspace/get-status", w.getStatus)
	w.handle("GET /api/2.0/workspace/list", w.listNodes)
	w.handle("GET /api/2.0/workspace/export", w.export)
	w.handle("POST /api/2.0/workspace/delete", w.deleteNode)
	w.handle("POST /api/2.0/workspace-files/import-file/{path...}", w.importFile)
	w.handle("GET /api/2.0/workspace-files/{path...}", w.readFile)
}

func (w *Workspace) plantTree() {
	for _, dir := range []string{"/", "/Users", "/Shared"} {
		w.nodes[dir] = &node{id: w.id(), kind: workspace.ObjectTypeDirectory, created: w.millis(), modified: w.millis()}
	}
}

// Put puts a file or notebook into the tree, with the folders above it, as SDK's Upload with format AUTO does.
func (w *Workspace) Put(at string, content []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, failed := clean(at)
	if failed == nil {
		w.makeDir(path.Dir(at))
		_, failed = w.put(at, workspace.Import{Format: workspace.ImportFormatAuto, Overwrite: true}, content)
	}
	if failed != nil {
		panic(failed)
	}
}

// Files returns what is in the tree but folders: the source of notebooks, the bytes of files.
func (w *Workspace) Files() map[string][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	files := map[string][]byte{}
	for at, n := range w.nodes {
		if n.kind != workspace.ObjectTypeDirectory {
			files[at] = slices.Clone(n.content)
		}
	}
	return files
}

// clean is a path without /Workspace, which is the same place.
func clean(at string) (string, *Error) {
	if !strings.HasPrefix(at, "/") {
		return "", invalid("Path (%s) doesn't start with '/'", at)
	}
	at = path.Clean(at)
	if at == "/Workspace" {
		return "/", nil
	}
	if rest, ok := strings.CutPrefix(at, "/Workspace/"); ok {
		at = "/" + rest
	}
	return at, nil
}

func (w *Workspace) makeDir(at string) {
	if w.nodes[at] == nil {
		w.makeDir(path.Dir(at))
		w.nodes[at] = &node{id: w.id(), kind: workspace.ObjectTypeDirectory, created: w.millis(), modified: w.millis()}
	}
}

func (w *Workspace) mkdirs(c *call) (any, *Error) {
	_, request, failed := read[workspace.Mkdirs](c)
	if failed != nil {
		return nil, failed
	}
	at, failed := clean(request.Path)
	if failed != nil {
		return nil, failed
	}
	for dir := at; dir != "/"; dir = path.Dir(dir) {
		if n := w.nodes[dir]; n != nil && n.kind != workspace.ObjectTypeDirectory {
			return nil, exists("Path (%s) already exists and is not a directory.", dir)
		}
	}
	w.makeDir(at)
	return nil, nil
}

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

func (w *Workspace) find(at string) (string, *node, *Error) {
	at, failed := clean(at)
	if failed != nil {
		return at, nil, failed
	}
	if n := w.nodes[at]; n != nil {
		return at, n, nil
	}
	return at, nil, missing("Path (%s) doesn't exist.", at)
}

func (w *Workspace) getStatus(c *call) (any, *Error) {
	at, n, failed := w.find(c.query("path"))
	if failed != nil {
		return nil, failed
	}
	return n.info(at), nil
}

func (n *node) info(at string) workspace.ObjectInfo {
	info := workspace.ObjectInfo{Path: at, ObjectId: n.id, ObjectType: n.kind, Language: n.language, ResourceId: fmt.Sprint(n.id)}
	if n.resource != "" {
		info.ResourceId = n.resource
	}
	if n.kind == workspace.ObjectTypeFile {
		info.Size, info.CreatedAt, info.ModifiedAt = int64(len(n.content)), n.created, n.modified
	} else if n.kind != workspace.ObjectTypeDirectory {
		info.CreatedAt, info.ModifiedAt = n.created, n.modified
	}
	return info
}

func (w *Workspace) children(dir string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(w.nodes)), func(at string) bool { return at == "/" || path.Dir(at) != dir })
}

func (w *Workspace) listNodes(c *call) (any, *Error) {
	at, n, failed := w.find(c.query("path"))
	if failed != nil {
		return nil, failed
	}
	if n.kind != workspace.ObjectTypeDirectory {
		return object{"objects": []workspace.ObjectInfo{n.info(at)}}, nil
	}
	infos := []workspace.ObjectInfo{}
	for _, child := range w.children(at) {
		infos = append(infos, w.nodes[child].info(child))
	}
	if len(infos) == 0 {
		return nil, nil
	}
	return object{"objects": infos}, nil
}

func (w *Workspace) export(c *call) (any, *Error) {
	_, n, failed := w.find(c.query("path"))
	if failed != nil {
		return nil, failed
	}
	format := workspace.ExportFormatSource
	if given := c.query("format"); given != "" {
		if err := format.Set(given); err != nil {
			return nil, invalid("format: %s", err)
		}
	}
	if n.kind == workspace.ObjectTypeDirectory || (format != workspace.ExportFormatSource && format != workspace.ExportFormatAuto && format != workspace.ExportFormatRaw) {
		return nil, invalid("A %s can't be exported in format %s by this fake", n.kind, format)
	}
	content := n.source()
	if c.flag("direct_download") {
		return raw(content), nil
	}
	fileType := "file"
	if n.kind == workspace.ObjectTypeNotebook {
		fileType = map[workspace.Language]string{workspace.LanguagePython: "py", workspace.LanguageSql: "sql", workspace.LanguageScala: "scala", workspace.LanguageR: "r"}[n.language]
	}
	return workspace.ExportResponse{Content: base64.StdEncoding.EncodeToString(content), FileType: fileType}, nil
}

// source is a notebook as it is exported: with the header that makes it one.
func (n *node) source() []byte {
	if n.kind != workspace.ObjectTypeNotebook {
		return n.content
	}
	for _, header := range headers {
		if header.language == n.language && !strings.HasPrefix(string(n.content), header.line) {
			return append([]byte(header.line+"\n"), n.content...)
		}
	}
	return n.content
}

func (w *Workspace) deleteNode(c *call) (any, *Error) {
	_, request, failed := read[workspace.Delete](c)
	if failed != nil {
		return nil, failed
	}
	at, _, failed := w.find(request.Path)
	if failed != nil {
		return nil, failed
	}
	if at == "/" || at == "/Users" || at == "/Shared" {
		return nil, denied("%s can't be deleted", at)
	}
	if len(w.children(at)) > 0 && !request.Recursive {
		return nil, refusal(http.StatusBadRequest, "DIRECTORY_NOT_EMPTY", "Folder (%s) is not empty", at)
	}
	maps.DeleteFunc(w.nodes, func(one string, _ *node) bool { return one == at || strings.HasPrefix(one, at+"/") })
	return nil, nil
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

func (w *Workspace) readFile(c *call) (any, *Error) {
	_, n, failed := w.find("/" + strings.TrimPrefix(c.PathValue("path"), "/"))
	if failed != nil {
		return nil, failed
	}
	return raw(n.source()), nil
}
