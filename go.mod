module github.com/hadal-go/hadal

go 1.26
