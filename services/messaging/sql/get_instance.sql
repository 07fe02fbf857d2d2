SELECT epoch, roster_position FROM instance WHERE id = 1
