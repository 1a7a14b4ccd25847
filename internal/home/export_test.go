package home

// Judge is tested as a table.
var Judge = judge
