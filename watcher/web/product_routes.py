"""Addresses of products, of sellers, categories and groups of them, and of what is followed."""

from __future__ import annotations

from watcher.people import Role
from watcher.web.context import Handler
from watcher.web.pages import (
    assortment,
    assortments,
    followed,
    following,
    group,
    pictures,
    product,
    product_data,
    products,
)

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/products", products.search),
    ("/products/compare", products.compare),
    ("/products/{region}/{id}", product.page),
    ("/groups/{region}/{id}", group.page),
    ("/sellers", assortments.sellers),
    ("/sellers/{region}/{id}", assortment.seller),
    ("/categories", assortments.categories),
    ("/categories/{region}/{id}", assortment.category),
    ("/followed", followed.page),
    (r"/pictures/{product:\d{1,15}}/{key:[0-9a-f]{32}}.jpg", pictures.picture),
)
FORMS: tuple[tuple[str, Handler, Role], ...] = (
    ("/followed", following.add, Role.ACT),
    ("/followed/remove", following.remove, Role.ACT),
)
DATA: tuple[tuple[str, Handler], ...] = (
    ("/api/products/{region}/{id}.json", product_data.data),
    ("/api/groups/{region}/{id}.json", group.data),
    ("/api/sellers.json", assortments.sellers_data),
    ("/api/sellers/{region}/{id}.json", assortment.seller_data),
    ("/api/categories.json", assortments.categories_data),
    ("/api/categories/{region}/{id}.json", assortment.category_data),
    ("/api/followed.json", followed.data),
)
