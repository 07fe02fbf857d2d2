SELECT DISTINCT client_address FROM sessions WHERE client_address > $1 ORDER BY client_address LIMIT $2
