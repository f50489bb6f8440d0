<?php
/**
 * Words to search for, taken from a title.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** The most words that are taken; with more, agencies find less. */
const AFFILIATE_SEARCH_WORDS = 4;

/**
 * The first words of a title that say what a picture could show.
 *
 * @param string $title A title, perhaps with markup.
 * @return string Words with single spaces between them; empty when the title says nothing.
 */
function affiliate_search_words( $title ) {
	$text  = html_entity_decode( wp_strip_all_tags( $title ), ENT_QUOTES, 'UTF-8' );
	$words = preg_split( "/[^\\p{L}\\p{M}\\p{N}\\x{200C}\\x{200D}'’-]+/u", $text, -1, PREG_SPLIT_NO_EMPTY );
	$said  = array_filter( $words ? $words : array(), 'affiliate_search_says_something' );
	return implode( ' ', array_slice( $said, 0, AFFILIATE_SEARCH_WORDS ) );
}

/**
 * Whether a word says what a picture could show: it has letters and is none of the usual ones.
 *
 * @param string $word A word of a title.
 * @return bool
 */
function affiliate_search_says_something( $word ) {
	$silent = explode(
		',',
		/* translators: Words of titles that say nothing about a picture, in your language; commas between them, no spaces. */
		_x( 'a,about,all,an,and,are,as,at,best,but,by,can,do,for,from,get,guide,how,i,in,into,is,it,its,make,me,my,new,not,of,on,or,our,should,that,the,their,these,this,tips,to,top,us,was,ways,we,what,when,where,which,who,why,will,with,you,your', 'words of titles', 'affiliate-search' )
	);
	return preg_match( '/\p{L}/u', $word ) && ! in_array( strtolower( $word ), $silent, true );
}
