SELECT item.* FROM record AS room
JOIN listed AS item ON item.stockroom = room.sys_id
WHERE room.assigned_to = :user
  AND room.table_name = 'alm_stockroom'
  AND item.table_name = 'alm_asset'
ORDER BY item.display, item.sys_id
LIMIT :limit
