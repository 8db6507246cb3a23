-- +goose Up

-- What the list of sites counts and shows first, each from an index in its order.
DROP INDEX sites_counted;
DROP INDEX sites_listed;
CREATE INDEX sites_counted ON sites (retired_at, client_id, state, cache_state, plugin_version, wordpress_version);
CREATE INDEX sites_listed ON sites (retired_at, sort_name, id);

-- The first page counts the sites whose credential is an administrator's.
CREATE INDEX credentials_administrators ON credentials (site_id) WHERE administrator;

-- It also lists the sites that broke or work again, and the first checks of many new sites must not stand in the way.
CREATE INDEX site_events_news ON site_events (at)
    WHERE kind = 'state' AND was <> 'unchecked' AND became <> 'unchecked' AND (was IN ('ready', 'warning')) <> (became IN ('ready', 'warning'));
