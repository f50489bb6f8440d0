<?php
/**
 * Requests to the site, mostly through WordPress' oEmbed, and the height of a search.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** The timeout in seconds of the settings page's request to the site. */
const AFFILIATE_SEARCH_TIMEOUT = 3;

/** Default numbers of rows by kind, as in the site's docs/embeds.md. */
const AFFILIATE_SEARCH_KIND_ROWS = array(
	'grid'   => 2,
	'strip'  => 1,
	'image'  => 2,
	'search' => 3,
);

/** Heights in pixels, also from docs/embeds.md: a row, the gap between rows, the disclosure, and the extra height of some kinds. */
const AFFILIATE_SEARCH_ROW_HEIGHT  = 150;
const AFFILIATE_SEARCH_GAP  = 6;
const AFFILIATE_SEARCH_DISCLOSURE_HEIGHT = 36;
const AFFILIATE_SEARCH_EXTRA = array(
	'strip'  => 16,
	'search' => 50,
);

/** Registers the site as an oEmbed provider, so that WordPress embeds its addresses in posts. */
function affiliate_search_register_provider() {
	$site = affiliate_search_settings()['site'];
	if ( '' !== $site ) {
		wp_oembed_add_provider( affiliate_search_address_pattern(), "$site/oembed", true );
	}
}

/**
 * Returns a pattern for all addresses of the site, with http or https.
 *
 * @return string A regular expression.
 */
function affiliate_search_address_pattern() {
	$pages = preg_quote( preg_replace( '#^https?://#', '', affiliate_search_settings()['site'] ), '#' );
	return "#^https?://$pages(?:[/?\#].*)?$#i";
}

/**
 * Adds the blog's name, which reports of clicks show, and its language to an oEmbed request.
 *
 * @param string $address The address that WordPress is about to request from a provider.
 * @param string $pasted  The address that a writer pasted.
 * @return string
 */
function affiliate_search_add_blog_to_request( $address, $pasted ) {
	$site = affiliate_search_settings()['site'];
	if ( '' === $site || 0 !== strpos( $address, "$site/oembed" ) ) {
		return $address;
	}
	return add_query_arg( 'url', rawurlencode( affiliate_search_add_blog_to_address( $pasted ) ), $address );
}

/**
 * Adds the blog's name and language to a pasted address that lacks them.
 *
 * @param string $pasted The address that a writer pasted.
 * @return string
 */
function affiliate_search_add_blog_to_address( $pasted ) {
	wp_parse_str( (string) wp_parse_url( $pasted, PHP_URL_QUERY ), $given );
	$complete = affiliate_search_add_blog( $given + array( 'lang' => affiliate_search_language() ) );
	return add_query_arg( array_diff_key( $complete, $given ), $pasted );
}

/**
 * Returns the height of a search without a request to the site, which would delay the page.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return int Pixels.
 */
function affiliate_search_height( $look ) {
	$kind = isset( $look['kind'], AFFILIATE_SEARCH_KIND_ROWS[ $look['kind'] ] ) ? $look['kind'] : 'grid';
	$rows = isset( $look['rows'] ) ? (int) $look['rows'] : AFFILIATE_SEARCH_KIND_ROWS[ $kind ];
	$more = isset( AFFILIATE_SEARCH_EXTRA[ $kind ] ) ? AFFILIATE_SEARCH_EXTRA[ $kind ] : 0;
	return AFFILIATE_SEARCH_DISCLOSURE_HEIGHT + $rows * ( AFFILIATE_SEARCH_ROW_HEIGHT + AFFILIATE_SEARCH_GAP ) - AFFILIATE_SEARCH_GAP + $more;
}

/**
 * Tells whether the site answers; only the settings page asks.
 *
 * @return bool
 */
function affiliate_search_site_answers() {
	$answer = wp_safe_remote_get( affiliate_search_address( '/healthz' ), array( 'timeout' => AFFILIATE_SEARCH_TIMEOUT ) );
	return 200 === wp_remote_retrieve_response_code( $answer );
}

/**
 * Renders a pasted picture in full width, with the blog's name for the reports of clicks, and with the
 * credit and disclosure that the agency's terms and the law require. Media that may only be linked to,
 * such as clips, become a link.
 *
 * @param string|false $html WordPress' HTML for the answer.
 * @param object       $data The site's answer.
 * @param string       $url  The address that a writer pasted.
 * @return string|false
 */
function affiliate_search_render_pasted_picture( $html, $data, $url ) {
	$kind = isset( $data->type ) ? $data->type : '';
	if ( ! $html || '' === affiliate_search_settings()['site'] || ! in_array( $kind, array( 'photo', 'link' ), true ) || ! preg_match( affiliate_search_address_pattern(), $url ) ) {
		return $html;
	}
	$leads = sprintf(
		'<a href="%s" rel="%s">',
		esc_url( affiliate_search_add_blog_to_address( $url ) ),
		'photo' === $kind && empty( $data->disclosure ) ? 'noopener' : 'sponsored nofollow noopener'
	);
	if ( 'link' === $kind ) {
		return $leads . esc_html( $data->title ) . '</a>';
	}
	$under = array();
	foreach ( array( 'credit', 'disclosure' ) as $name ) {
		if ( ! empty( $data->$name ) && is_string( $data->$name ) ) {
			$under[] = esc_html( $data->$name );
		}
	}
	return sprintf(
		'<figure class="affiliate-search-picture">%s<img src="%s" alt="%s" width="%d" height="%d"></a>%s</figure>',
		$leads,
		esc_url( $data->url ),
		isset( $data->title ) && is_string( $data->title ) ? esc_attr( $data->title ) : '',
		(int) $data->width,
		(int) $data->height,
		$under ? '<figcaption>' . implode( '<br>', $under ) . '</figcaption>' : ''
	);
}

/**
 * Allows requests to the site that the administrator set, even at a private address, which WordPress
 * refuses otherwise.
 *
 * @param bool   $external Whether requests to the host are allowed.
 * @param string $host     The host of the request.
 * @return bool
 */
function affiliate_search_allow_host( $external, $host ) {
	return $external || strtolower( $host ) === wp_parse_url( affiliate_search_settings()['site'], PHP_URL_HOST );
}

/**
 * Allows requests to the port of the site; WordPress allows only 80, 443 and 8080.
 *
 * @param int[]  $ports The allowed ports.
 * @param string $host  The host of the request.
 * @return int[]
 */
function affiliate_search_allow_port( $ports, $host ) {
	$site = wp_parse_url( affiliate_search_settings()['site'] );
	if ( isset( $site['host'], $site['port'] ) && strtolower( $host ) === $site['host'] ) {
		$ports[] = $site['port'];
	}
	return $ports;
}
