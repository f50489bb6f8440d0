<?php
/**
 * The shortcode as writers type it: with quotation marks of word processors, without any, in parts.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** What writers call an attribute of the element. */
const AFFILIATE_SEARCH_NAMES = array(
	'agencies'     => 'agency',
	'colour'       => 'color',
	'keyword'      => 'q',
	'keywords'     => 'q',
	'language'     => 'lang',
	'query'        => 'q',
	'search'       => 'q',
	'data-consent' => 'consent',
	'words'        => 'q',
);

/** Quotation marks of word processors, in the scripts of the blogs that write them. */
const AFFILIATE_SEARCH_MARKS = '[“”„‟″«»‹›「」『』〝〞〟＂]';

/**
 * Shows a shortcode by what stands between its brackets, before WordPress takes that apart.
 *
 * @param string|false          $output What another plugin shows instead.
 * @param string                $tag    The name of the shortcode.
 * @param array<string>|string  $given  Its attributes as WordPress reads them.
 * @param array<int, string>    $found  The parts of the shortcode; the fourth are its attributes.
 * @return string|false
 */
function affiliate_search_typed_shortcode( $output, $tag, $given, $found ) {
	if ( 'affiliate_search' !== $tag || false !== $output ) {
		return $output;
	}
	return affiliate_search_shortcode( shortcode_parse_atts( affiliate_search_straight( $found[3] ) ), $found[5] );
}

/**
 * The shortcode `[affiliate_search q="red bicycle" kind="strip" rows="2"]`.
 *
 * @param array<int|string, string>|string $given    Its attributes; those without names are words.
 * @param string|null                      $enclosed What stands before `[/affiliate_search]`: words, unless there are others.
 * @return string HTML.
 */
function affiliate_search_shortcode( $given, $enclosed = '' ) {
	$read = array_filter( affiliate_search_typed( (array) $given ), 'strlen' );
	if ( ! array_intersect_key( $read, array_flip( array( 'q', 'ids', 'collection' ) ) ) ) {
		$read['q'] = str_replace( '<', ' <', (string) $enclosed );
	}
	$known = array_intersect_key( $read, array_flip( AFFILIATE_SEARCH_ATTRIBUTES ) );
	$html  = affiliate_search_html( $known, affiliate_search_title() );
	$odd   = array_keys( array_diff_key( $read, $known ) );
	if ( isset( $known['rows'] ) && ! preg_match( '/^\s*\d+\s*$/', $known['rows'] ) ) {
		$odd[] = 'rows';
	}
	if ( isset( $known['kind'] ) && ! isset( affiliate_search_kinds()[ strtolower( trim( $known['kind'] ) ) ] ) ) {
		$odd[] = 'kind';
	}
	if ( ! $odd ) {
		return $html;
	}
	/* translators: %s: Names of attributes, such as "rows, colors". */
	return $html . affiliate_search_hint( sprintf( __( 'This is not understood: %s', 'affiliate-search' ), implode( ', ', $odd ) ) );
}

/**
 * Attributes with straight quotation marks around them and no markup in them.
 *
 * @param string $text What stands between the brackets.
 * @return string
 */
function affiliate_search_straight( $text ) {
	$text = html_entity_decode( preg_replace( '#<br\s*/?>#i', ' ', $text ), ENT_QUOTES, 'UTF-8' );
	$text = str_replace( '＝', '=', $text );
	$text = preg_replace( '/=\s*"[^"=]*"(?=[\s,;]|$)(*SKIP)(*FAIL)|' . AFFILIATE_SEARCH_MARKS . '/u', '"', $text );
	$text = preg_replace( "/([\\w-]+\\s*=\\s*)[‘’‚‛′](.*?)[‘’′](?=\\s|$)/u", '$1"$2"', $text );
	$text = preg_replace( '/\b((?:agency|agencies|ids)\s*=\s*)([^\s"\'=]+(?:\s*,\s*[^\s"\'=,]+)+)/iu', '$1"$2"', $text );
	$text = preg_replace( '/\b((?:category|contributor|fallback)\s*=\s*)([^\s"\'=][^"\'=]*?)(?=\s+[\w-]+\s*=|\s*$)/iu', '$1"$2"', $text );
	$text = preg_replace( '/(=\s*"[^"]*")[,;]?\s*(?=\S|$)/', '$1 ', $text );
	return preg_replace( '/[\x{00A0}\s]+/u', ' ', $text );
}

/**
 * Attributes by the names that the element knows; what has no name is words.
 *
 * @param array<int|string, string> $given As WordPress reads them.
 * @return array<string, string>
 */
function affiliate_search_typed( $given ) {
	$read  = array();
	$words = array();
	foreach ( $given as $name => $value ) {
		if ( is_int( $name ) ) {
			$words[] = trim( $value, " \"'" );
			continue;
		}
		$name          = strtolower( $name );
		$name          = isset( AFFILIATE_SEARCH_NAMES[ $name ] ) ? AFFILIATE_SEARCH_NAMES[ $name ] : $name;
		$read[ $name ] = $value;
	}
	if ( $words ) {
		array_unshift( $words, isset( $read['q'] ) ? $read['q'] : '' );
		$read['q'] = trim( implode( ' ', $words ) );
	}
	return $read;
}
