<?php
/**
 * The plugin's translations, in its folder "languages".
 *
 * WordPress reads only the file of the blog's exact locale: for "de_AT" or "de_DE_formal" all texts
 * would be English.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

const AFFILIATE_SEARCH_TRANSLATIONS = __DIR__ . '/../languages';

/** Locales of the translations by language. */
const AFFILIATE_SEARCH_LOCALES = array(
	'ar' => 'ar',
	'cs' => 'cs_CZ',
	'da' => 'da_DK',
	'de' => 'de_DE',
	'es' => 'es_ES',
	'fi' => 'fi',
	'fr' => 'fr_FR',
	'hu' => 'hu_HU',
	'it' => 'it_IT',
	'ja' => 'ja',
	'ko' => 'ko_KR',
	'nb' => 'nb_NO',
	'nl' => 'nl_NL',
	'nn' => 'nb_NO',
	'pl' => 'pl_PL',
	'pt' => 'pt_PT',
	'ru' => 'ru_RU',
	'sv' => 'sv_SE',
	'th' => 'th',
	'tr' => 'tr_TR',
	'zh' => 'zh_CN',
);

/**
 * Returns the file of the nearest locale in place of a file of the plugin that does not exist.
 *
 * @param string|false $file   The file of translations that WordPress is about to read.
 * @param string       $domain The text domain; of a script, the name of the script.
 * @return string|false
 */
function affiliate_search_find_nearest_translation( $file, $domain ) {
	if ( ! is_string( $file ) || 0 !== strpos( $domain, 'affiliate-search' ) || is_readable( $file ) ) {
		return $file;
	}
	if ( ! preg_match( '/^(affiliate-search-)([a-z]{2,3})(?:_[a-zA-Z0-9_]+)?(\.mo|-affiliate-search-.+)$/', basename( $file ), $parts ) ) {
		return $file;
	}
	$locale = isset( AFFILIATE_SEARCH_LOCALES[ $parts[2] ] ) ? AFFILIATE_SEARCH_LOCALES[ $parts[2] ] : '';
	$near   = dirname( $file ) . '/' . $parts[1] . $locale . $parts[3];
	return is_readable( $near ) && realpath( dirname( $file ) ) === realpath( AFFILIATE_SEARCH_TRANSLATIONS ) ? $near : $file;
}

/** Sets the folder of the block script's translations; WordPress knows only the text domain. */
function affiliate_search_translate_editor() {
	wp_set_script_translations( 'affiliate-search-pictures-editor-script', 'affiliate-search', AFFILIATE_SEARCH_TRANSLATIONS );
}
