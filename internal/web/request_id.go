package web

import (
	"strings"

	"github.com/gin-gonic/gin"
)

func (v *requestContext) requestID() string { return v.GetString(requestKey) }

func withoutToken(c *gin.Context) string {
	if strings.Contains(c.FullPath(), ":token") {
		return c.FullPath()
	}
	return c.Request.URL.Path
}
