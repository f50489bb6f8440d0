<?php
/**
 * What is asked of the site, through WordPress' own oEmbed; and how high a search is.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** How long the site may take, in seconds, when its owner looks at the settings. */
const AFFILIATE_SEARCH_PATIENCE = 3;

/** Rows that a kind of search has unless told, as the site's docs/embeds.md states them. */
const AFFILIATE_SEARCH_KIND_ROWS = array(
	'grid'   => 2,
	'strip'  => 1,
	'image'  => 2,
	'search' => 3,
);

/** Heights in pixels, from the same place: a row, the gap between two, the disclosure, and what some kinds have more. */
const AFFILIATE_SEARCH_ROW  = 150;
const AFFILIATE_SEARCH_GAP  = 6;
const AFFILIATE_SEARCH_NOTE = 36;
const AFFILIATE_SEARCH_MORE = array(
	'strip'  => 16,
	'search' => 50,
);

/** Lets addresses of the site, pasted on a line of their own, become what they show. */
function affiliate_search_register_provider() {
	$site = affiliate_search_settings()['site'];
	if ( '' !== $site ) {
		wp_oembed_add_provider( affiliate_search_own_addresses(), "$site/oembed", true );
	}
}

/**
 * The addresses that are the site's, by either scheme.
 *
 * @return string A regular expression.
 */
function affiliate_search_own_addresses() {
	$pages = preg_quote( preg_replace( '#^https?://#', '', affiliate_search_settings()['site'] ), '#' );
	return "#^https?://$pages(?:[/?\#].*)?$#i";
}

/**
 * Says on which blog a pasted search stands, so that the reports of clicks tell it, and in which language.
 *
 * @param string $address The question that WordPress is about to ask a provider.
 * @param string $pasted  The address that a writer pasted.
 * @return string
 */
function affiliate_search_tell_blog( $address, $pasted ) {
	$site = affiliate_search_settings()['site'];
	if ( '' === $site || 0 !== strpos( $address, "$site/oembed" ) ) {
		return $address;
	}
	return add_query_arg( 'url', rawurlencode( affiliate_search_told( $pasted ) ), $address );
}

/**
 * A pasted address with the blog's name and language, unless it has its own.
 *
 * @param string $pasted The address that a writer pasted.
 * @return string
 */
function affiliate_search_told( $pasted ) {
	wp_parse_str( (string) wp_parse_url( $pasted, PHP_URL_QUERY ), $said );
	$told = affiliate_search_shown_here( $said + array( 'lang' => affiliate_search_language() ) );
	return add_query_arg( array_diff_key( $told, $said ), $pasted );
}

/**
 * How high a search is; nothing is asked, as a reader would wait meanwhile.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return int Pixels.
 */
function affiliate_search_height( $look ) {
	$kind = isset( $look['kind'], AFFILIATE_SEARCH_KIND_ROWS[ $look['kind'] ] ) ? $look['kind'] : 'grid';
	$rows = isset( $look['rows'] ) ? (int) $look['rows'] : AFFILIATE_SEARCH_KIND_ROWS[ $kind ];
	$more = isset( AFFILIATE_SEARCH_MORE[ $kind ] ) ? AFFILIATE_SEARCH_MORE[ $kind ] : 0;
	return AFFILIATE_SEARCH_NOTE + $rows * ( AFFILIATE_SEARCH_ROW + AFFILIATE_SEARCH_GAP ) - AFFILIATE_SEARCH_GAP + $more;
}

/**
 * Whether the site answers now; asked for its owner, in the settings.
 *
 * @return bool
 */
function affiliate_search_answers() {
	$answer = wp_safe_remote_get( affiliate_search_address( '/healthz' ), array( 'timeout' => AFFILIATE_SEARCH_PATIENCE ) );
	return 200 === wp_remote_retrieve_response_code( $answer );
}

/**
 * Makes of a pasted picture what it is in posts: as wide as it may be, with the blog's name for the
 * reports of clicks, and with what its agency's terms and the law ask for. What may only be linked
 * to, as clips are, is a link with the same.
 *
 * @param string|false $html What WordPress makes of the answer.
 * @param object       $data The site's answer.
 * @param string       $url  The address that a writer pasted.
 * @return string|false
 */
function affiliate_search_pasted_picture( $html, $data, $url ) {
	$kind = isset( $data->type ) ? $data->type : '';
	if ( ! $html || '' === affiliate_search_settings()['site'] || ! in_array( $kind, array( 'photo', 'link' ), true ) || ! preg_match( affiliate_search_own_addresses(), $url ) ) {
		return $html;
	}
	$leads = sprintf(
		'<a href="%s" rel="%s">',
		esc_url( affiliate_search_told( $url ) ),
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
 * Lets WordPress ask the site that the administrator named, wherever it is; it asks no private
 * addresses else.
 *
 * @param bool   $external Whether the host may be asked.
 * @param string $host     The host that is about to be asked.
 * @return bool
 */
function affiliate_search_allow_host( $external, $host ) {
	return $external || strtolower( $host ) === wp_parse_url( affiliate_search_settings()['site'], PHP_URL_HOST );
}

/**
 * Lets WordPress ask a site at a port of its own; it takes the usual ports alone.
 *
 * @param int[]  $ports The ports that may be asked.
 * @param string $host  The host that is about to be asked.
 * @return int[]
 */
function affiliate_search_allow_port( $ports, $host ) {
	$site = wp_parse_url( affiliate_search_settings()['site'] );
	if ( isset( $site['host'], $site['port'] ) && strtolower( $host ) === $site['host'] ) {
		$ports[] = $site['port'];
	}
	return $ports;
}
