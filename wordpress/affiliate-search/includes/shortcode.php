<?php
/**
 * The shortcode as writers type it: with typographic quotation marks, without any, on several lines.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** Attributes of the element by the other names that writers use. */
const AFFILIATE_SEARCH_ALIASES = array(
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

/** Typographic quotation marks of all scripts that blogs are written in. */
const AFFILIATE_SEARCH_QUOTES = '[“”„‟″«»‹›「」『』〝〞〟＂]';

/**
 * Renders a shortcode from the text between its brackets, before WordPress parses that text.
 *
 * @param string|false          $output HTML of another plugin; false without any.
 * @param string                $tag    The name of the shortcode.
 * @param array<string>|string  $given  Attributes as WordPress reads them.
 * @param array<int, string>    $found  Matches of the shortcode's regular expression: 3 has the
 *   attributes, 5 the enclosed text.
 * @return string|false
 */
function affiliate_search_read_shortcode( $output, $tag, $given, $found ) {
	if ( 'affiliate_search' !== $tag || false !== $output ) {
		return $output;
	}
	return affiliate_search_shortcode( shortcode_parse_atts( affiliate_search_straighten_quotes( $found[3] ) ), $found[5] );
}

/**
 * Renders the shortcode `[affiliate_search q="red bicycle" kind="strip" rows="2"]`.
 *
 * @param array<int|string, string>|string $given    Attributes; values without a name are words.
 * @param string|null                      $enclosed Text before `[/affiliate_search]`: words, unless attributes give some.
 * @return string HTML.
 */
function affiliate_search_shortcode( $given, $enclosed = '' ) {
	$read = array_filter( affiliate_search_name_attributes( (array) $given ), 'strlen' );
	if ( ! array_intersect_key( $read, array_flip( array( 'q', 'ids', 'collection' ) ) ) ) {
		$read['q'] = str_replace( '<', ' <', (string) $enclosed );
	}
	$known = array_intersect_key( $read, array_flip( affiliate_search_attributes() ) );
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
 * Puts straight quotation marks around the values of attributes, and removes markup.
 *
 * @param string $text The text between the brackets.
 * @return string
 */
function affiliate_search_straighten_quotes( $text ) {
	$text = html_entity_decode( preg_replace( '#<br\s*/?>#i', ' ', $text ), ENT_QUOTES, 'UTF-8' );
	$text = str_replace( '＝', '=', $text );
	$text = preg_replace( '/=\s*"[^"=]*"(?=[\s,;]|$)(*SKIP)(*FAIL)|' . AFFILIATE_SEARCH_QUOTES . '/u', '"', $text );
	$text = preg_replace( "/([\\w-]+\\s*=\\s*)[‘’‚‛′](.*?)[‘’′](?=\\s|$)/u", '$1"$2"', $text );
	$text = preg_replace( '/\b((?:agency|agencies|ids)\s*=\s*)([^\s"\'=]+(?:\s*,\s*[^\s"\'=,]+)+)/iu', '$1"$2"', $text );
	$text = preg_replace( '/\b((?:category|contributor|fallback)\s*=\s*)([^\s"\'=][^"\'=]*?)(?=\s+[\w-]+\s*=|\s*$)/iu', '$1"$2"', $text );
	$text = preg_replace( '/(=\s*"[^"]*")[,;]?\s*(?=\S|$)/', '$1 ', $text );
	return preg_replace( '/[\x{00A0}\s]+/u', ' ', $text );
}

/**
 * Renames attributes as the element does; values without a name become words.
 *
 * @param array<int|string, string> $given Attributes as WordPress reads them.
 * @return array<string, string>
 */
function affiliate_search_name_attributes( $given ) {
	$read  = array();
	$words = array();
	foreach ( $given as $name => $value ) {
		if ( is_int( $name ) ) {
			$words[] = trim( $value, " \"'" );
			continue;
		}
		$name          = strtolower( $name );
		$name          = isset( AFFILIATE_SEARCH_ALIASES[ $name ] ) ? AFFILIATE_SEARCH_ALIASES[ $name ] : $name;
		$read[ $name ] = $value;
	}
	if ( $words ) {
		array_unshift( $words, isset( $read['q'] ) ? $read['q'] : '' );
		$read['q'] = trim( implode( ' ', $words ) );
	}
	return $read;
}
