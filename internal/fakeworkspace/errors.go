package fakeworkspace

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is a refusal as the APIs answer it.
type Error struct {
	Status  int
	Code    any // error_code: text, but a number for a token that is not known
	Message string
	Details []object
}

func (e *Error) Error() string { return fmt.Sprintf("%d %v: %s", e.Status, e.Code, e.Message) }

func (e *Error) answer(rw http.ResponseWriter) {
	body := object{"error_code": e.Code, "message": e.Message}
	if len(e.Details) > 0 {
		body["details"] = e.Details
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(e.Status)
	_, _ = rw.Write(text)
}

func refusal(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Error {
	return refusal(http.StatusBadRequest, "INVALID_PARAMETER_VALUE", format, args...)
}

func malformed(format string, args ...any) *Error {
	return refusal(http.StatusBadRequest, "MALFORMED_REQUEST", format, args...)
}

func missing(format string, args ...any) *Error {
	return refusal(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", format, args...)
}

func exists(format string, args ...any) *Error {
	return refusal(http.StatusBadRequest, "RESOURCE_ALREADY_EXISTS", format, args...)
}

func denied(format string, args ...any) *Error {
	return refusal(http.StatusForbidden, "PERMISSION_DENIED", format, args...)
}

// ucError is Unity Catalog's: the code is the reason in the details too.
func ucError(status int, reason, format string, args ...any) *Error {
	e := refusal(status, reason, format, args...)
	e.Details = []object{{
		"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
		"domain": "unity-catalog.databricks.com", "metadata": object{},
	}}
	return e
}
