INSERT INTO taken (edit, stockroom, model, asset, lease, quantity)
VALUES (:edit, :stockroom, :model, :asset, :lease, :quantity)
