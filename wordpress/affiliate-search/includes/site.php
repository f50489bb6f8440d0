<?php
/**
 * What is asked of the site: through WordPress' own oEmbed, and how high a search is.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** How long an answer is kept, in seconds. */
const AFFILIATE_SEARCH_KEPT = DAY_IN_SECONDS;

/** How long a site that didn't answer is left alone, in seconds. */
const AFFILIATE_SEARCH_LEFT_ALONE = 5 * MINUTE_IN_SECONDS;

/** What stands for a height while a request asks for it. */
const AFFILIATE_SEARCH_ASKED = -1;

/** How long the site may take, in seconds: a reader waits meanwhile. */
const AFFILIATE_SEARCH_PATIENCE = 3;

/** The most pixels that a search may be high, whatever the site says. */
const AFFILIATE_SEARCH_HIGHEST = 4000;

/** Attributes that make a search higher or lower. */
const AFFILIATE_SEARCH_SIZES = array( 'kind', 'rows' );

/** Lets addresses of the site, pasted on a line of their own, become what they show. */
function affiliate_search_register_provider() {
	$site = affiliate_search_settings()['site'];
	if ( '' !== $site ) {
		$pages = preg_quote( preg_replace( '#^https?://#', '', $site ), '#' );
		wp_oembed_add_provider( "#^https?://$pages/.+#i", "$site/oembed", true );
	}
}

/**
 * Says on which blog a pasted search stands, so that the reports of clicks tell it.
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
	return add_query_arg( 'url', rawurlencode( add_query_arg( affiliate_search_shown_here( array() ), $pasted ) ), $address );
}

/**
 * How high a search is, as the site's oEmbed says (https://oembed.com, "rich").
 *
 * While one request asks, pages take it that the site doesn't answer, so that no visitor waits for
 * another; a writer's preview, which would stay as it is, asks for itself.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return int|null Pixels; null while the site doesn't answer.
 */
function affiliate_search_height( $look ) {
	$asked = affiliate_search_question( $look );
	$name  = 'affiliate_search_' . md5( $asked );
	$known = get_transient( $name );
	$again = AFFILIATE_SEARCH_ASKED === (int) $known && defined( 'REST_REQUEST' ) && REST_REQUEST;
	if ( false === $known || $again ) {
		set_transient( $name, AFFILIATE_SEARCH_ASKED, AFFILIATE_SEARCH_PATIENCE + 1 );
		$known = affiliate_search_asked_height( $asked );
		set_transient( $name, $known, $known ? AFFILIATE_SEARCH_KEPT : AFFILIATE_SEARCH_LEFT_ALONE );
	}
	return (int) $known > 0 ? (int) $known : null;
}

/**
 * The address that tells how high a search is; there are few, whatever writers write.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string
 */
function affiliate_search_question( $look ) {
	$sizes = array( 'q' => '-' ) + array_intersect_key( $look, array_flip( AFFILIATE_SEARCH_SIZES ) );
	if ( isset( $sizes['kind'] ) && ! isset( affiliate_search_kinds()[ $sizes['kind'] ] ) ) {
		unset( $sizes['kind'] );
	}
	return affiliate_search_address(
		'/oembed',
		array(
			'url'    => affiliate_search_address( '/search', $sizes ),
			'format' => 'json',
		)
	);
}

/**
 * The same, asked of the site now.
 *
 * @param string $address The whole question.
 * @return int Pixels; 0 when the site doesn't answer, or something else does.
 */
function affiliate_search_asked_height( $address ) {
	$answer = wp_safe_remote_get( $address, array( 'timeout' => AFFILIATE_SEARCH_PATIENCE ) );
	if ( 200 !== wp_remote_retrieve_response_code( $answer ) ) {
		return 0;
	}
	$said = json_decode( wp_remote_retrieve_body( $answer ), true );
	if ( ! is_array( $said ) || ! isset( $said['height'] ) || ! is_numeric( $said['height'] ) ) {
		return 0;
	}
	return min( AFFILIATE_SEARCH_HIGHEST, max( 0, (int) $said['height'] ) );
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
