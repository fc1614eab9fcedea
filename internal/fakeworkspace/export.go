package fakeworkspace

import (
	"encoding/base64"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

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

func (w *Workspace) readFile(c *call) (any, *Error) {
	_, n, failed := w.find("/" + strings.TrimPrefix(c.PathValue("path"), "/"))
	if failed != nil {
		return nil, failed
	}
	return raw(n.source()), nil
}
